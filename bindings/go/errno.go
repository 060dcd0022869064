// SPDX-License-Identifier: MIT

package errseq

import "C"

import (
	"fmt"
	"syscall"
	"unsafe"
)

// MaxErrno is the largest errno that a word can hold.
const MaxErrno = 4095

// formatSize is ERRSEQ_FORMAT_SIZE: a buffer of this many bytes holds any text of errseq_format.
const formatSize = 64

// errorOf makes an error of what C returned, 0 or a negated errno.
func errorOf(returned C.int) error {
	if returned == 0 {
		return nil
	}
	return syscall.Errno(-returned)
}

// invalid says that a word cannot hold an errno.
func invalid(err syscall.Errno) error {
	return fmt.Errorf("errseq: %d cannot be recorded, an errno is 1 to %d: %w", int(err), MaxErrno, syscall.EINVAL)
}

// address is where a word or a shared cursor of that size lies in memory, for instance of syscall.Mmap.
func address(memory []byte, offset, size int) (unsafe.Pointer, error) {
	if offset < 0 || offset > len(memory)-size {
		return nil, fmt.Errorf("errseq: offset %d is outside of the memory, which has %d bytes", offset, len(memory))
	}
	place := unsafe.Pointer(&memory[offset])
	if uintptr(place)%uintptr(size) != 0 {
		return nil, fmt.Errorf("errseq: offset %d: the address %p is not a multiple of %d", offset, place, size)
	}
	return place, nil
}
