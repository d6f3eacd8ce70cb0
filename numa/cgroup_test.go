package numa

import (
	"math"
	"slices"
	"testing"
)

// The trees follow the kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2, proc(5) and what
// Docker, Kubernetes and systemd lay out. testdata/v1-quota.txt is a live one: a shell in the group
// /voxfit/inner of a machine with v1 and v2 side by side, where /voxfit has a quota.
func TestQuotaIsTheSmallestOnTheWayUp(t *testing.T) {
	none := math.Inf(1)
	for name, test := range map[string]struct {
		tree  string
		limit float64
	}{
		"no cgroups at all": {"", none},
		"v2 at the root, which has no cpu.max": {`
			proc/self/cgroup:0::/
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate
			sys/fs/cgroup/cgroup.procs:1`, none},
		"v2 container: its own group is the root of what it sees": {`
			proc/self/cgroup:0::/
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw
			sys/fs/cgroup/cpu.max:250000 100000`, 2.5},
		"v2 nested: an ancestor has the quota": {`
			proc/self/cgroup:0::/user.slice/app.slice/job.scope
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw
			sys/fs/cgroup/user.slice/cpu.max:400000 100000
			sys/fs/cgroup/user.slice/app.slice/cpu.max:75000 50000
			sys/fs/cgroup/user.slice/app.slice/job.scope/cpu.max:max 100000`, 1.5},
		"v2 nested: the own quota is the smaller": {`
			proc/self/cgroup:0::/a/b
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
			sys/fs/cgroup/a/cpu.max:400000 100000
			sys/fs/cgroup/a/b/cpu.max:50000 100000`, 0.5},
		"v2: a sibling's quota does not count": {`
			proc/self/cgroup:0::/a/b
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
			sys/fs/cgroup/a/b/cpu.max:max 100000
			sys/fs/cgroup/a/c/cpu.max:50000 100000`, none},
		"v1 container: the mount begins at its own group": {`
			proc/self/cgroup:5:cpu,cpuacct:/docker/4f2c
			proc/self/cgroup:4:memory:/docker/4f2c
			proc/self/mountinfo:40 30 0:33 /docker/4f2c /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
			proc/self/mountinfo:41 30 0:34 /docker/4f2c /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
			sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us:300000
			sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us:100000`, 3},
		"v1: no quota is -1": {`
			proc/self/cgroup:5:cpu,cpuacct:/
			proc/self/mountinfo:41 30 0:34 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
			sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us:-1
			sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us:100000`, none},
		"container that is told its path on the host, which it cannot see": {`
			proc/self/cgroup:5:cpu,cpuacct:/kubepods/burstable/pod7/c1
			proc/self/mountinfo:41 30 0:34 / /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
			sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us:200000
			sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us:100000`, 2},
		"the same, with a group of its own inside": {`
			proc/self/cgroup:5:cpu,cpuacct:/docker/4f2c/init
			proc/self/mountinfo:41 30 0:34 / /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct
			sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us:200000
			sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us:100000
			sys/fs/cgroup/cpu,cpuacct/init/cpu.cfs_quota_us:150000
			sys/fs/cgroup/cpu,cpuacct/init/cpu.cfs_period_us:100000`, 1.5},
		"container whose mount has the group under another name": {`
			proc/self/cgroup:0::/docker/4f2c
			proc/self/mountinfo:30 23 0:26 /system.slice/docker-4f2c.scope /sys/fs/cgroup ro - cgroup2 cgroup rw
			sys/fs/cgroup/cpu.max:350000 100000`, 3.5},
		"of two mounts, the one that holds the group": {`
			proc/self/cgroup:0::/docker/4f2c
			proc/self/mountinfo:30 23 0:26 /docker/other /mnt/other rw - cgroup2 cgroup2 rw
			proc/self/mountinfo:31 23 0:26 /docker /mnt/docker rw - cgroup2 cgroup2 rw
			mnt/other/cpu.max:10000 100000
			mnt/docker/4f2c/cpu.max:120000 100000`, 1.2},
		"a group is not inside one whose name it merely begins with": {`
			proc/self/cgroup:0::/job12
			proc/self/mountinfo:30 23 0:26 /job1 /mnt/job1 rw - cgroup2 cgroup2 rw
			proc/self/mountinfo:31 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
			mnt/job1/cpu.max:10000 100000
			sys/fs/cgroup/job12/cpu.max:600000 100000`, 6},
		"colons in a group's name and a space in the mount point": {`
			proc/self/cgroup:0::/job:7
			proc/self/mountinfo:30 23 0:26 / /mnt/control\040groups rw - cgroup2 cgroup2 rw
			mnt/control groups/job:7/x:x
			mnt/control groups/cpu.max:110000 100000`, 1.1},
		"nonsense in the files is no quota": {`
			proc/self/cgroup:0::/a
			proc/self/cgroup:garbage
			proc/self/mountinfo:garbage
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
			sys/fs/cgroup/a/cpu.max:0 0
			sys/fs/cgroup/cpu.max:plenty`, none},
	} {
		t.Run(name, func(t *testing.T) {
			if got := cpuLimit(tree(test.tree)); got != test.limit {
				t.Errorf("limit %v, want %v", got, test.limit)
			}
		})
	}
	t.Run("recorded: v1 and v2 side by side, the quota one level up", func(t *testing.T) {
		if got := cpuLimit(recorded(t, "v1-quota.txt")); got != 1.5 {
			t.Errorf("limit %v, want 1.5", got)
		}
	})
}

func TestCPUSetIsTheEffectiveOneOfTheNearestGroup(t *testing.T) {
	for name, test := range map[string]struct {
		tree string
		cpus []int
	}{
		"none": {"", nil},
		"v2: the ancestor's, where the group has no cpuset controller": {`
			proc/self/cgroup:0::/a/b
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
			sys/fs/cgroup/cpuset.cpus.effective:0-63
			sys/fs/cgroup/a/cpuset.cpus.effective:8-10,40
			sys/fs/cgroup/a/b/cgroup.procs:1`, []int{8, 9, 10, 40}},
		"v1: what is in force, not what was asked for": {`
			proc/self/cgroup:3:cpuset:/docker/4f2c
			proc/self/mountinfo:40 30 0:33 /docker/4f2c /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset
			sys/fs/cgroup/cpuset/cpuset.cpus:0-7
			sys/fs/cgroup/cpuset/cpuset.effective_cpus:0-5`, []int{0, 1, 2, 3, 4, 5}},
		"v1 of old kernels: only what was asked for": {`
			proc/self/cgroup:3:cpuset:/
			proc/self/mountinfo:40 30 0:33 / /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset
			sys/fs/cgroup/cpuset/cpuset.cpus:2-3`, []int{2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := cpusetOf(tree(test.tree)); !slices.Equal(got, test.cpus) {
				t.Errorf("cpuset %v, want %v", got, test.cpus)
			}
		})
	}
	t.Run("recorded", func(t *testing.T) {
		if got := cpusetOf(recorded(t, "v1-quota.txt")); !slices.Equal(got, []int{0, 1}) {
			t.Errorf("cpuset %v, want [0 1]", got)
		}
	})
}

func TestMaskIsNarrowedToTheCPUSetUnlessTheyShareNothing(t *testing.T) {
	for _, test := range []struct{ mask, set, want []int }{
		{[]int{0, 1, 2, 3}, []int{2, 3, 4}, []int{2, 3}},
		{[]int{0, 1}, nil, []int{0, 1}},
		{[]int{0, 1}, []int{6, 7}, []int{0, 1}},
	} {
		if got := withinCPUSet(test.mask, test.set); !slices.Equal(got, test.want) {
			t.Errorf("mask %v in cpuset %v: %v, want %v", test.mask, test.set, got, test.want)
		}
	}
}
