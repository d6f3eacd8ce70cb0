package study

// A PublishedResult is one row of the published study's report: the best that DIPY with Ray
// reached on one number of CPUs.
type PublishedResult struct {
	Model          string
	CPUs           int     // hardware threads given to the program
	BestSeconds    float64 // 0: not published
	SpeedUp        float64 // over the serial fit
	PeakEfficiency float64 // speed-up per CPU, 0: not published
	Dollars        float64 // cost of the best run, 0: not published
}

// PublishedVoxels is the number of masked voxels of the study's subject (145 x 174 x 145 x 288).
const PublishedVoxels = 435686

// PublishedMachine is where the report's figures, not the runs in its CSV file, were made.
const PublishedMachine = "AWS c5.18xlarge: 36 physical cores, 72 hyperthreads, two sockets"

// PublishedResults returns the figures of the published study's report (DIPY and Ray, one HCP subject of 435,686 voxels
// x 288 measurements, one AWS c5.18xlarge with docker cpusets). They are taken from the project's description of the
// study.
func PublishedResults() []PublishedResult {
	const csd, freeWater = "ConstrainedSphericalDeconvModel", "FreeWaterTensorModel"
	return []PublishedResult{
		{csd, 8, 22.1, 5.1, .63, .0021},
		{csd, 16, 14.7, 8.4, .52, .0028},
		{csd, 32, 11.8, 10.8, .34, .0045},
		{csd, 48, 11.5, 9.9, .21, .0066},
		{csd, 72, 11.5, 10.2, .14, .0099},
		{freeWater, 8, 106.5, 7.2, .90, .0103},
		{freeWater, 16, 60.9, 13.1, .82, .0117},
		{freeWater, 32, 44.7, 18.2, .57, .0171},
		{freeWater, 48, 40.8, 20.0, .42, .0233},
		{freeWater, 72, 31.5, 25.3, .35, .0270},
		{"SparseFascicleModel", 72, 0, 2.69, 0, 0},
	}
}

// PublishedTask says what a task of the study's program consists of, where that was measured piece by piece
// (bench/raytrace/task_parts.py; BENCHMARKS.md has the table and the machine). It is empty for a model whose tasks were not
// taken apart.
func PublishedTask(model string) string {
	if model != PublishedResults()[0].Model {
		return ""
	}
	return "Measured piece by piece on another machine, such a task takes the driver 1.5 to 1.7 ms with one voxel, and 2.2 to 2.3 ms with 53. " +
		"Of that, 1.1 to 1.3 ms (1.0 to 1.4) pickle and copy the model, which DIPY sends with each task; sent by reference it would take less than 0.2. " +
		"Whether the clock or a shared core makes the rest of the difference, these data cannot tell (BENCHMARKS.md)."
}
