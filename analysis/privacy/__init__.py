"""What may be shown in public: snap points, numbers of reporters, small counts."""
