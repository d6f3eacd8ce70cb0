"""Calls that are wrong: `mypy --strict` must find the error that each line names, and no other."""

import numpy as np
import voxfit

data, gtab = np.zeros((2, 7)), (np.zeros(7), np.zeros((7, 3)))

voxfit.fit_dti(data, gtab, mehtod="wls")  # Unexpected keyword argument "mehtod" for "fit_dti"
voxfit.fit_dti(data, gtab, method="wsl")  # Argument "method" to "fit_dti" has incompatible type
voxfit.fit_dti(data, gtab, method=3)  # Argument "method" to "fit_dti" has incompatible type
voxfit.fit_dti(data, gtab, lmax=8)  # Unexpected keyword argument "lmax" for "fit_dti"
voxfit.fit_dti(data, gtab, n_threads=1.5)  # Argument "n_threads" to "fit_dti" has incompatible type
voxfit.fit_csd(data, gtab)  # Missing positional argument "response" in call to "fit_csd"
voxfit.fit_csd(data, gtab, (np.zeros(3), 1.0), lmax="8")  # Argument "lmax" to "fit_csd" has incompatible type
voxfit.fit_csd(data, gtab, (np.zeros(3), 1.0), sh_order_max="8")  # Argument "sh_order_max" to "fit_csd" has incompatible type
voxfit.fit_csd(data, gtab, (np.zeros(3), 1.0), sh_order_mx=8)  # Unexpected keyword argument "sh_order_mx" for "fit_csd"
voxfit.fit_msmt(data, gtab, {"WM": np.zeros(3)}, prediction="yes")  # Argument "prediction" to "fit_msmt" has incompatible type
voxfit.fit_sfm(data, gtab, sphere=3.5, l1_ratio="half")  # Argument "l1_ratio" to "fit_sfm" has incompatible type
voxfit.fit_free_water(data, gtab, "nls")  # Too many positional arguments for "fit_free_water"
