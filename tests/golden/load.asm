wasm.load:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$3, %rcx
	movl	%edi, %eax
	movl	slack_memory+12(%rax), %eax
	popq	%rbp
	retq

wasm.load_far:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$3, %rcx
	movl	%edi, %eax
	movl	$2147483648, %edx
	movq	slack_memory(%rax,%rdx), %rax
	popq	%rbp
	retq

wasm.load_byte:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$5, %rcx
	addl	$4, %edi
	movsbl	slack_memory(%rdi), %eax
	popq	%rbp
	retq

wasm.store:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$4, %rcx
	movl	%edi, %eax
	movsd	%xmm0, slack_memory+8(%rax)
	popq	%rbp
	retq

wasm.unused:
	pushq	%rbp
	movq	%rsp, %rbp
	addq	$3, %rcx
	movl	%edi, %eax
	movl	slack_memory(%rax), %eax
	popq	%rbp
	retq
