package numa

import (
	"io/fs"
	"strconv"
	"strings"
)

// readProcessor reads the first CPU of /proc/cpuinfo, in x86's words or in arm64's.
func readProcessor(root fs.FS) Processor {
	fields := map[string]string{}
	for line := range strings.Lines(readText(root, "proc/cpuinfo")) {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			if len(fields) > 0 {
				break // the empty line after the first CPU
			}
			continue
		}
		fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	if implementer, ok := fields["CPU implementer"]; ok {
		return armProcessor(number(implementer), number(fields["CPU part"]), number(fields["CPU revision"]))
	}
	return Processor{
		Name: fields["model name"], Vendor: fields["vendor_id"],
		Family: number(fields["cpu family"]), Model: number(fields["model"]), Stepping: number(fields["stepping"]),
	}
}

// armProcessor names a processor by its MIDR_EL1 numbers; arm64 kernels do not give its name. The
// implementers are from Arm's Architecture Reference Manual (MIDR_EL1), the parts from the cores'
// technical reference manuals: those that servers are built with.
func armProcessor(implementer, part, revision int) Processor {
	p := Processor{Family: implementer, Model: part, Stepping: revision}
	p.Vendor = map[int]string{0x41: "ARM", 0x48: "HiSilicon", 0x4e: "NVIDIA", 0x51: "Qualcomm", 0x61: "Apple", 0xc0: "Ampere"}[implementer]
	if implementer == 0x41 {
		p.Name = map[int]string{
			0xd08: "Cortex-A72", 0xd0c: "Neoverse N1", 0xd40: "Neoverse V1", 0xd49: "Neoverse N2", 0xd4f: "Neoverse V2",
		}[part]
	}
	return p
}

// number reads a decimal or 0x number, and returns 0 for any other text.
func number(text string) int {
	n, err := strconv.ParseInt(text, 0, 32)
	if err != nil {
		return 0
	}
	return int(n)
}
