// SPDX-License-Identifier: MIT

//go:build race

package errseq

import (
	"runtime"
	"unsafe"
)

// The race detector does not see what C does. So it is told: who gets an error comes after who recorded it.

func release(place unsafe.Pointer) {
	runtime.RaceReleaseMerge(place)
}

func acquire(place unsafe.Pointer) {
	runtime.RaceAcquire(place)
}
