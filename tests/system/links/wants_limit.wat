(module (import "base" "table" (table 4 8 funcref)) (func (export "_start")))
