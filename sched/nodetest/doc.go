// Package nodetest tests voxfit on a real kernel with several NUMA nodes. Other tests have only descriptions of such
// machines. It checks that topology and distances are read correctly, that workers run where they are pinned, that each
// page of memory is on its node, as the kernel says, and that thieves take from the nearest node first.
//
// The machine is QEMU's, emulated (KVM is seldom there where tests run, and differs from host to host). It boots a
// distribution's kernel, unpacked and not installed, with an initial file system that holds one file besides two devices: the test binary
// of this very package, as init. What the binary does depends on where it finds itself: on the host,
// TestNodes makes the file system, boots and reads the verdict from the serial line; as init of the
// guest, it runs TestGuest and switches the machine off. With make test-long, kbench lies beside init, and TestGuestStudy
// has it measure the machine (kbench study), kills it three times, and looks whether its archive is whole.
package nodetest
