;; Wants a function that nobody offers.
;; run: => refused "unknown import: env.launch_missiles"
(module (import "env" "launch_missiles" (func (param i32))) (memory (export "memory") 1) (func (export "_start")))
