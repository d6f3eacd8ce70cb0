package overhead

import (
	"fmt"
	"math"

	modelname "github.com/voxfit/voxfit/model/name"
	"github.com/voxfit/voxfit/study"
	"github.com/voxfit/voxfit/study/internal/words"
)

// A reconciliation says whether the runs on a smaller data set agree with a larger one about what a second hyperthread
// is worth.
//
// The formula assumes that all chunks have the same work. If a part of them has little (because the mask lies beside
// the head), fewer CPUs are busy than have a chunk. Second hyperthreads then seem to be worth whole cores, because they
// have nothing to do. So the smaller data set is fitted once more. In this fit only a share of the chunks has work,
// chunks are handed out while the CPUs work, and a hyperthread is worth what the larger data set says.
type reconciliation struct {
	small, large *analysis
	free, taken  fitted  // with unequal chunks: with any value of a hyperthread, and with that of the larger data set
	worse        float64 // by how much Akaike's criterion is larger in the second fit
}

// enough is the difference of Akaike's criterion up to which two fits are equally good (Burnham and Anderson 2002).
const enough = 2

// reconciledWith compares an analysis with that of a larger data set of the same model. disagree is false where the two
// agree.
func (a *analysis) reconciledWith(large *analysis) (r reconciliation, disagree bool) {
	if a.Thread == nil || large.Thread == nil || a.Thread.Low <= large.Thread.High && a.Thread.High >= large.Thread.Low {
		return r, false
	}
	f := form{name: unequalName, terms: instead(), overlap: termChunk, bounded: fullChunks}
	r = reconciliation{small: a, large: large, free: f.fit(a.settings)}
	r.taken = leastLoss(func(limit float64) (fitted, float64) {
		g := f.fitWith(a.settings, large.Thread.Value, limit)
		return g, g.loss
	}, forBound)
	r.worse = max(0, float64(len(a.settings))*math.Log(r.taken.loss/r.free.loss))
	return r, true
}

// short is the sentence of a summary.
func (r reconciliation) short() string {
	text := fmt.Sprintf("The runs of %s alone give %s%%, if their chunks are taken for equal. But if some of their chunks have little work, %s%% describes these runs ",
		words.Voxels(r.small.Voxels), words.Significant(100*r.small.Thread.Value, 2), words.Significant(100*r.large.Thread.Value, 2))
	if r.worse > enough {
		return text + fmt.Sprintf("less well than their own best value does (AIC %.1f above): the two sizes disagree.", r.worse)
	}
	return text + fmt.Sprintf("as well as their own best value does (AIC %.1f above).", r.worse)
}

func (r reconciliation) long() string {
	a, large := r.small, r.large
	text := fmt.Sprintf("%s: a second hyperthread adds %s of a core on %s, and seems to add %s on %s. ", modelname.WordsOf(a.Model),
		large.Thread.InWords(100, "%"), words.Voxels(large.Voxels), a.Thread.InWords(100, "%"), words.Voxels(a.Voxels))
	text += fmt.Sprintf("The small data's chunks need not be equal. When the fit may say that %s of them have all the work, and that they "+
		"are handed out while the CPUs work, it is better than with equal chunks (AIC %s lower) and finds %s%%; with %s%% taken from the "+
		"larger data its AIC is %s higher. ", words.Percent(r.taken.limit), words.Significant(max(0, a.aic(a.fit)-a.aic(r.free)), 2),
		words.Significant(100*r.free.thread, 2), words.Significant(100*large.Thread.Value, 2), words.Significant(r.worse, 2))
	if r.worse > enough {
		return text + "That does not reconcile the two: what was fitted to one size of data need not hold for another."
	}
	text += "So the two sizes do not contradict each other, and the large data's figure stands."
	if a.published {
		text += fmt.Sprintf(" That chunks are unequal there has a cause: the published program lays a corner of the full image's mask on the "+
			"smaller image, a part of it on background, and a voxel costs %s there and %s in the full image.", a.voxelCost(), large.voxelCost())
	}
	return text
}

// reconciliations returns one for each data set that disagrees with the largest one of its model.
func reconciliations(analyses []*analysis) []reconciliation {
	var all []reconciliation
	largest := map[study.Condition]*analysis{} // by condition without voxels; the larger data set comes first
	for _, a := range analyses {
		c := a.Condition
		c.Voxels = 0
		large, found := largest[c]
		if !found {
			largest[c] = a
			continue
		}
		if r, disagree := a.reconciledWith(large); disagree {
			all = append(all, r)
		}
	}
	return all
}

// voxelCost returns the work of a voxel, in words.
func (a *analysis) voxelCost() string {
	return words.Significant(1e6*a.Work.Value/float64(a.Voxels), 3) + " µs"
}
