(module (import "base" "nothing" (func)) (func (export "_start")))
