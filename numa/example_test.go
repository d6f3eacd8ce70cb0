package numa_test

import (
	"fmt"

	"github.com/voxfit/voxfit/numa"
)

// A program can run one thread on each CPU that the process may use, and ask which limits there are.
func Example() {
	cpus, err := numa.Allowed()
	if err != nil {
		fmt.Println(err)
		return
	}
	machine := numa.Describe()
	fmt.Println("may use no more CPUs than there are:", len(cpus) <= len(machine.CPUs))
	fmt.Println("may use some CPU time:", numa.CPULimit() > 0)

	if !numa.CanPin {
		fmt.Println("on the CPU it was pinned to: true")
		return
	}
	unpin, err := numa.Pin(cpus[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() {
		if err := unpin(); err != nil {
			fmt.Println(err)
		}
	}()
	fmt.Println("on the CPU it was pinned to:", numa.CurrentCPU() == cpus[0])

	// Output:
	// may use no more CPUs than there are: true
	// may use some CPU time: true
	// on the CPU it was pinned to: true
}
