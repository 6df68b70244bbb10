# The fast CPU kernels: one source file compiled once for each instruction set; see core/backends/cpu/.
