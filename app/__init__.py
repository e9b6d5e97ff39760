"""The web service of Kvart: the only code that knows HTTP, SQL, jobs or HTML."""
