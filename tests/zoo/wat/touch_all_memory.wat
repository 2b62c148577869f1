;; Wants more memory than the run may have at instantiation.
;; run: --memory 64MiB => limit "memory"
(module (memory (export "memory") 16384) (func (export "_start")))
