(module (import "base" "memory" (memory 2)) (func (export "_start")))
