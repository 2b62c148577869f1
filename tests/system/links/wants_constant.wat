(module (import "base" "next" (global i32)) (func (export "_start")))
