"""Charts and the PDF report: matplotlib figures of results, readable in grey, with source and handling mark."""
