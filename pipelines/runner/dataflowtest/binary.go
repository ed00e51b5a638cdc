// SPDX-License-Identifier: Apache-2.0

package dataflowtest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Program says what a worker binary is.
type Program struct {
	// Arch is its GOARCH, amd64 if empty.
	Arch string
	// Cgo says that it was built with cgo, Dynamic that it needs its system's
	// libraries.
	Cgo, Dynamic bool
}

// WorkerBinary writes a file that is a Linux program of this kind to whoever looks
// into it, without the code, and returns its name.
func WorkerBinary(tb testing.TB, p Program) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "worker")
	if err := os.WriteFile(file, p.elf(), 0o755); err != nil {
		tb.Fatal(err)
	}
	return file
}

// elf is an ELF file with a program header, the section that the go command notes
// a build in, and that of the sections' names.
func (p Program) elf() []byte {
	const header, program, section = 64, 56, 64
	machine, arch, cgo := elf.EM_X86_64, "amd64", "0"
	if p.Arch != "" && p.Arch != arch {
		arch = p.Arch
		machine = map[string]elf.Machine{"arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}[arch]
	}
	if p.Cgo {
		cgo = "1"
	}
	kind := elf.PT_LOAD
	if p.Dynamic {
		kind = elf.PT_INTERP
	}
	info, names := buildInfo(arch, cgo), []byte("\x00.go.buildinfo\x00.shstrtab\x00")
	const infoAt = 128 // behind the headers, at a multiple of 16
	namesAt := uint64(infoAt + len(info))
	sectionsAt := namesAt + uint64(len(names))
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // a buffer takes anything
	put(elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Phoff: header, Shoff: sectionsAt,
		Ehsize: header, Phentsize: program, Phnum: 1, Shentsize: section, Shnum: 3, Shstrndx: 2,
	})
	put(elf.Prog64{
		Type: uint32(kind), Flags: uint32(elf.PF_R | elf.PF_W), Off: infoAt, Vaddr: infoAt,
		Filesz: uint64(len(info)), Memsz: uint64(len(info)),
	})
	b.Write(make([]byte, infoAt-header-program))
	b.Write(info)
	b.Write(names)
	put(elf.Section64{})
	put(elf.Section64{
		Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC), Addr: infoAt, Off: infoAt,
		Size: uint64(len(info)), Addralign: 16,
	})
	put(elf.Section64{Name: 15, Type: uint32(elf.SHT_STRTAB), Off: namesAt, Size: uint64(len(names)), Addralign: 1})
	return b.Bytes()
}

// buildInfo is what the go command notes of a build, in the form of go1.18 and
// later: the texts follow the header, each after its length.
func buildInfo(arch, cgo string) []byte {
	text := func(s string) []byte { return append(binary.AppendUvarint(nil, uint64(len(s))), s...) }
	const frame = "0123456789abcdef" // whatever 16 bytes stand around the module's lines
	const path = "github.com/chromabeam/chromabeam"
	module := fmt.Sprintf("path\t"+path+"/cmd/chromabeam\nmod\t"+path+"\t(devel)\t\n"+
		"build\tCGO_ENABLED=%s\nbuild\tGOARCH=%s\nbuild\tGOOS=linux\n", cgo, arch)
	b := append([]byte("\xff Go buildinf:\x08\x02"), make([]byte, 16)...)
	b = append(b, text("go1.26.8")...)
	b = append(b, text(frame+module+frame)...)
	return append(b, make([]byte, 256)...)
}
