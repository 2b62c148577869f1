;; Exports nothing that could be run.
;; run: => refused "_start"
;; run: --invoke nowhere => refused "nowhere"
(module (memory (export "memory") 1) (func $f))
