module errseq

go 1.19
