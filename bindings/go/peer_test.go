// SPDX-License-Identifier: MIT

package errseq

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// peer is the C program of tests/bindings/peer.c, and the memory that it shares with this process.
type peer struct {
	t      *testing.T
	input  *os.File
	output *bufio.Reader
	pid    int
	memory []byte
}

// newPeer starts the program that an environment variable names: ERRSEQ_PEER or ERRSEQ_PEER64.
func newPeer(t *testing.T, variable string) *peer {
	program := os.Getenv(variable)
	if program == "" {
		fmt.Printf("SKIP (part): %s: %s is not set\n", t.Name(), variable)
		t.SkipNow()
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "shared"))
	expect(t, "create", err, nil)
	defer file.Close()
	expect(t, "truncate", file.Truncate(4096), nil)
	memory, err := syscall.Mmap(int(file.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	expect(t, "mmap", err, nil)
	in, input, err := os.Pipe()
	expect(t, "pipe", err, nil)
	command := exec.Command(program, file.Name())
	command.Stdin, command.Stderr = in, os.Stderr
	output, err := command.StdoutPipe()
	expect(t, "pipe", err, nil)
	expect(t, program, command.Start(), nil)
	in.Close()
	t.Cleanup(func() {
		input.Close()
		command.Wait()
		syscall.Munmap(memory)
	})
	return &peer{t, input, bufio.NewReader(output), command.Process.Pid, memory}
}

func (p *peer) answer() string {
	line, err := p.output.ReadString('\n')
	expect(p.t, "the peer's answer", err, nil)
	return strings.TrimSpace(line)
}

func (p *peer) call(format string, numbers ...any) string {
	fmt.Fprintf(p.input, format+"\n", numbers...)
	return p.answer()
}

// state is R for running, S for asleep.
func (p *peer) state() byte {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	expect(p.t, "/proc", err, nil)
	return stat[strings.LastIndexByte(string(stat), ')')+2]
}

// c is C's result of a call: 0 or a negated errno, or 0 or 1.
func c(result any) string {
	switch result := result.(type) {
	case syscall.Errno:
		return strconv.Itoa(-int(result))
	case bool:
		if result {
			return "1"
		}
	case nil:
	default:
		return fmt.Sprint("not what C returns: ", result)
	}
	return "0"
}
