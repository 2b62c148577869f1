(module (import "base" "allocate" (global i32)) (func (export "_start")))
