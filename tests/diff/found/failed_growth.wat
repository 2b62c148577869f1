;; default:0 wasmtime charges a constant delta even when the growth fails: the one difference in fuel that is let pass.
(module
  (memory 2 6)
  (table 2 6 funcref)
  (func (export "memory") (result i32) (memory.grow (i32.const 3)))
  (func (export "memory by parameter") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "table") (result i32) (table.grow (ref.null func) (i32.const 3))))
