package numa

import (
	"math"
	"testing"
)

func TestMemoryLeftIsTheLeastOnTheWayUp(t *testing.T) {
	const none = math.MaxInt64
	for name, test := range map[string]struct {
		tree string
		left int64
	}{
		"no cgroups at all": {"", none},
		"v2 container: its own group is the root of what it sees": {`
			proc/self/cgroup:0::/
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw
			sys/fs/cgroup/memory.max:419430400
			sys/fs/cgroup/memory.current:19430400`, 400000000},
		"v2: memory.high is a limit too": {`
			proc/self/cgroup:0::/a
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
			sys/fs/cgroup/a/memory.max:600
			sys/fs/cgroup/a/memory.high:500
			sys/fs/cgroup/a/memory.current:100`, 400},
		"v2 nested: an ancestor has the limit, and others use it too": {`
			proc/self/cgroup:0::/user.slice/job.scope
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw
			sys/fs/cgroup/user.slice/memory.max:1000
			sys/fs/cgroup/user.slice/memory.current:900
			sys/fs/cgroup/user.slice/job.scope/memory.max:max
			sys/fs/cgroup/user.slice/job.scope/memory.current:50`, 100},
		"v2: cached files can be taken": {`
			proc/self/cgroup:0::/a
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
			sys/fs/cgroup/a/memory.max:1000
			sys/fs/cgroup/a/memory.current:900
			sys/fs/cgroup/a/memory.stat:inactive_file 300`, 400},
		"v2: more in use than allowed leaves nothing": {`
			proc/self/cgroup:0::/a
			proc/self/mountinfo:30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
			sys/fs/cgroup/a/memory.max:1000
			sys/fs/cgroup/a/memory.current:1900`, 0},
		"v1": {`
			proc/self/cgroup:4:memory:/docker/4f2c
			proc/self/mountinfo:40 30 0:33 /docker/4f2c /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
			sys/fs/cgroup/memory/memory.limit_in_bytes:1000
			sys/fs/cgroup/memory/memory.usage_in_bytes:300
			sys/fs/cgroup/memory/memory.stat:total_inactive_file 100`, 800},
		"v1: no limit is the largest number of pages": {`
			proc/self/cgroup:4:memory:/
			proc/self/mountinfo:40 30 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
			sys/fs/cgroup/memory/memory.limit_in_bytes:9223372036854771712
			sys/fs/cgroup/memory/memory.usage_in_bytes:300`, none},
	} {
		if left := memoryLeft(tree(test.tree)); left != test.left {
			t.Errorf("%s: %d bytes are left, want %d", name, left, test.left)
		}
	}
}
