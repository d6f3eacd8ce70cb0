package arm64

const neon = "neon"

// Names are what the sets are called, whether or not this build has them.
var Names = []string{neon}
