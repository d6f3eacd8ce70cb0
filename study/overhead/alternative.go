package overhead

import (
	"fmt"

	"github.com/voxfit/voxfit/study/internal/words"
)

// found says in words what the fit gives for the alternative's own quantity.
func (a *analysis) found(f fitted) string {
	ofWork := func(term int, most float64, where string) string {
		if !f.told[term] || f.values[termWork] == 0 {
			return "these runs cannot tell it"
		}
		return fmt.Sprintf("work longer by %s%% on %s", words.Significant(100*f.values[term]*most/f.values[termWork], 2), where)
	}
	switch f.name {
	case clockName:
		return ofWork(termClock, f.socket-1, "all cores of a socket")
	case socketName:
		return ofWork(termSocket, 1, "two sockets")
	case bandwidthName:
		if f.limit > 0.99 {
			return "all of them"
		}
		return fmt.Sprintf("%s of %s cores", words.Significant(f.limit*f.socket, 2), words.Plain(f.socket))
	case copyingName:
		return fmt.Sprintf("%s s, hidden where the work takes longer", words.Significant(f.values[termSerial], 2))
	default: // unequalName
		text := fmt.Sprintf("%s%% of the chunks have all the work", words.Significant(100*f.limit, 2))
		if f.threaded {
			text += fmt.Sprintf("; a second hyperthread then adds %s%%", words.Significant(100*f.thread, 2))
		}
		return text
	}
}
