;; Calls back through a table, without end.
(module
  (table (export "table") 1 funcref)
  (func (export "ping") (call_indirect (i32.const 0))))
