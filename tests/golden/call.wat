;; Fuel goes along with every call; imports and traps find it in the context; an indirect call checks what it calls.
(module
  (type $unary (func (param i32) (result i32)))
  (import "env" "host" (func $host (type $unary)))
  (table 4 funcref)
  (elem (i32.const 0) $recursive $host)
  (func $recursive (export "recursive") (type $unary)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1))
      (else (i32.mul (local.get 0) (call $recursive (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "import") (type $unary) (call $host (local.get 0)))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect (type $unary) (local.get 0) (local.get 1)))
  (func (export "trap") (unreachable)))
