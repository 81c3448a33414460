"""Work on contract files: reading, checking, comparing, drafting, exporting. A run only reads them."""
