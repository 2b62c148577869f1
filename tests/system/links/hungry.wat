(module (memory (export "memory") 200))
