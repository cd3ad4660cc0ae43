"""BraTS: gliomas in four kinds of skull-stripped MRI, with three tumour regions."""
