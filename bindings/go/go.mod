// SPDX-License-Identifier: MIT
module errseq

go 1.19
