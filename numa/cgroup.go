package numa

import (
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// CPULimit is the CPU time per wall time that the process's cgroup may use, in CPUs: 2.5 is two and a half. It is the
// smallest quota of the process's own group and of the groups above it, in cgroup v1 (cpu.cfs_quota_us over
// cpu.cfs_period_us) or v2 (cpu.max). It is +Inf where there is no quota, or where none can be read.
func CPULimit() float64 { return cpuLimit(os.DirFS("/")) }

func cpuLimit(root fs.FS) float64 {
	limit := math.Inf(1)
	for _, h := range hierarchies(root, "cpu") {
		for _, dir := range h.groups {
			limit = min(limit, h.quota(root, dir))
		}
	}
	return limit
}

// cpusetOf reads the effective cpuset of the process's cgroup, nil where none can be read. The
// nearest group that has one counts: in v2 a group without the cpuset controller has no file, and
// its ancestor's set applies.
func cpusetOf(root fs.FS) []int {
	for _, h := range hierarchies(root, "cpuset") {
		files := []string{"cpuset.cpus.effective"}
		if h.version == 1 {
			files = []string{"cpuset.effective_cpus", "cpuset.cpus"}
		}
		for _, dir := range h.groups {
			for _, file := range files {
				if cpus, err := parseCPUList(readText(root, dir+"/"+file)); err == nil && len(cpus) > 0 {
					return cpus
				}
			}
		}
	}
	return nil
}

// A hierarchy is a mounted cgroup tree that has (v1) or may have (v2) the controller in question,
// with the directories of the process's own group and its ancestors, nearest first.
type hierarchy struct {
	version int
	groups  []string
}

// quota is the limit that one group sets, in CPUs; +Inf for none.
func (h hierarchy) quota(root fs.FS, dir string) float64 {
	if h.version == 1 {
		return ratio(readText(root, dir+"/cpu.cfs_quota_us"), readText(root, dir+"/cpu.cfs_period_us"))
	}
	quota, period, _ := strings.Cut(readText(root, dir+"/cpu.max"), " ")
	return ratio(quota, period)
}

// ratio is quota over period. Anything but two positive numbers ("max", "-1", a file that is not
// there) means no limit.
func ratio(quota, period string) float64 {
	q, err1 := strconv.ParseInt(strings.TrimSpace(quota), 10, 64)
	p, err2 := strconv.ParseInt(strings.TrimSpace(period), 10, 64)
	if err1 != nil || err2 != nil || q <= 0 || p <= 0 {
		return math.Inf(1)
	}
	return float64(q) / float64(p)
}

// hierarchies finds the process's groups by joining /proc/self/cgroup (which group, as a path in the
// tree) to /proc/self/mountinfo (which part of the tree is mounted, and where).
func hierarchies(root fs.FS, controller string) []hierarchy {
	var found []hierarchy
	mounts := cgroupMounts(root)
	for line := range strings.Lines(readText(root, "proc/self/cgroup")) {
		// hierarchy-ID:controller-list:path, with 0 and no controllers for v2.
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 {
			continue
		}
		version := 1
		if fields[0] == "0" && fields[1] == "" {
			version = 2
		} else if !slices.Contains(strings.Split(fields[1], ","), controller) {
			continue
		}
		if mount, ok := choose(mounts, version, controller, fields[2]); ok {
			found = append(found, hierarchy{version, mount.groups(root, fields[2])})
		}
	}
	return found
}

// A cgroupMount is one line of mountinfo: the part of a cgroup tree below root, seen at point.
type cgroupMount struct {
	version int
	options []string // v1: its controllers are among the options of the superblock
	root    string
	point   string // without the leading slash, as fs.FS wants it
}

// cgroupMounts reads /proc/self/mountinfo; proc_pid_mountinfo(5) has the format.
func cgroupMounts(root fs.FS) []cgroupMount {
	var mounts []cgroupMount
	for line := range strings.Lines(readText(root, "proc/self/mountinfo")) {
		left, right, ok := strings.Cut(line, " - ")
		before, after := strings.Fields(left), strings.Fields(right)
		if !ok || len(before) < 6 || len(after) < 3 {
			continue
		}
		m := cgroupMount{root: unescape(before[3]), point: strings.Trim(unescape(before[4]), "/")}
		switch after[0] {
		case "cgroup":
			m.version, m.options = 1, strings.Split(after[2], ",")
		case "cgroup2":
			m.version = 2
		default:
			continue
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// choose picks the mount to read a group through: one whose part of the tree holds the group, else
// (a container that sees its group under another name) the first of the right kind.
func choose(mounts []cgroupMount, version int, controller, group string) (cgroupMount, bool) {
	var fitting []cgroupMount
	for _, m := range mounts {
		if m.version == version && (version == 2 || slices.Contains(m.options, controller)) {
			fitting = append(fitting, m)
		}
	}
	for _, m := range fitting {
		if _, inside := m.relative(group); inside {
			return m, true
		}
	}
	if len(fitting) == 0 {
		return cgroupMount{}, false
	}
	return fitting[0], true
}

// relative is the group's path below the mount's root, and whether it lies there at all.
func (m cgroupMount) relative(group string) (string, bool) {
	below, inside := strings.CutPrefix(path.Clean(group)+"/", strings.TrimSuffix(m.root, "/")+"/")
	return strings.Trim(below, "/"), inside
}

// groups lists the directories of the group and its ancestors up to the mount point, nearest first.
//
// A container often sees only its own part of the tree while /proc/self/cgroup still names the whole
// path on the host. Leading parts are therefore dropped until a directory exists; the mount point,
// which is then the container's own group, is the last resort.
func (m cgroupMount) groups(root fs.FS, group string) []string {
	below, _ := m.relative(group)
	for below != "" && !isDir(root, path.Join(m.point, below)) {
		_, below, _ = strings.Cut(below, "/")
	}
	dir := path.Join(m.point, below)
	dirs := []string{dir}
	for dir != m.point && dir != "." {
		dir = path.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}

func isDir(root fs.FS, name string) bool {
	info, err := fs.Stat(root, name)
	return err == nil && info.IsDir()
}

// unescape undoes the octal escapes of mountinfo (\040 is a space).
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// readText is a small file's text without the white space around it, empty when it cannot be read:
// in /proc and /sys a file that is not there means that the kernel has nothing to say.
func readText(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
