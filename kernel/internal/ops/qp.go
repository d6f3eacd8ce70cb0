package ops

// QP holds the steps of least squares with inequality constraints: those of an interior-point method, and those of the
// exact solution that follows it. Package qp has the mathematics. Each lane holds one voxel. The steps are used
// together with those of CSD, which have the same Lanes and the same layout of the normal matrix.
//
// A constraint demands a x >= 0 for a row a of A. Each has a record of QPRecord vectors:
//
//	Slack           s
//	Multiplier      l
//	Gap             g = A x + e l - s, which is zero at the solution
//	Weight          1/(s + e l)
//	Product         what l s is to lose
//	MultiplierStep  dl
//	SlackStep       ds
//	Held            1 where the constraint is expected to hold with equality, else 0
//
// d, r and adx (A dx) are arrays of their own, with one vector for each constraint. e is the same number in all lanes,
// and n is the number of constraints.
type QP struct {
	// Advance takes a step of the length t in each lane, which is in steps: s += t ds, l += t dl, g -= t g. Then it
	// prepares the next step: Weight, d = l Weight, r = -d (g + s). sums is one vector: the sum of l s.
	Advance func(sums, records, d, r, steps *float64, e float64, n int)

	// Predict finds the step towards l s = 0 from A dx. With h = A dx + g it is l + dl = d (e l - h) and ds = h + e dl.
	// Held becomes 1 where (l + dl) s > (s + ds) l: the step leaves more of the multiplier than of the slack. sums is
	// six vectors: the least of 0 and all ds/s; the least of 0 and all dl/l; the sums of l ds, of s dl and of ds dl;
	// how many Held changed.
	Predict func(sums, records, d, adx *float64, e float64, n int)

	// Centre prepares the step towards l s = target, corrected by the product of the predicted steps: Product = l s +
	// dl ds - target and r = -Weight (l g + Product).
	Centre func(records, r, targets *float64, n int)

	// Correct finds that step: dl = -Weight (l h + Product) and ds = h + e dl, with h as in Predict. sums is two
	// vectors: the least of 0 and all ds/s, and the least of 0 and all dl/l.
	Correct func(sums, records, adx *float64, e float64, n int)

	// Forward solves L y = z with a factor L that CSD.Factorise has left. y is z before and the solution after.
	Forward func(y, q, inverse *float64, tiles int)

	// Hold prepares the exact solution for the set of constraints that are held: d = weight Held.
	Hold func(records, d *float64, weight float64, n int)

	// Press makes r = l - d (s + e l). A^T r is what the constraints add to the right-hand side.
	Press func(records, d, r *float64, e float64, n int)

	// Shift takes the step of the exact solution: l -= d (A dx + s + e l), s += A dx.
	Shift func(records, d, adx *float64, e float64, n int)

	// Judge measures how well the conditions of a solution hold, and corrects the set. sums is five vectors: the least
	// of 0 and all s + e l; the largest |l (s + e l)|; the least of 0 and all l; the largest of 0 and all l; how many
	// Held changed. A constraint stays held where l > 0. One that is not held becomes held where s < -tolerance. Where
	// Held is 0 after this, l becomes 0.
	Judge func(sums, records *float64, tolerance, e float64, n int)
}

// The fields of a record.
const (
	QPSlack = iota
	QPMultiplier
	QPGap
	QPWeight
	QPProduct
	QPMultiplierStep
	QPSlackStep
	QPHeld
	QPRecord
)
