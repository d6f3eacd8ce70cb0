//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"time"
)

// inGroup puts a command and its children into a process group of their own. Ctrl-C then reaches this program alone,
// which ends the whole group.
func inGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second
}

// alive says whether there is a process of that number.
func alive(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }
