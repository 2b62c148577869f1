wasm.recursive:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rbx
	pushq	%rax
	movq	%rdi, slack_safepoint(%rip)
	testl	%esi, %esi
	je	.LBB0_1
	movl	%esi, %ebx
	addq	$9, %rdi
	leal	-1(%rbx), %esi
	callq	wasm.recursive
	movq	%rdx, %rdi
	imull	%ebx, %eax
	jmp	.LBB0_3
.LBB0_1:
	addq	$4, %rdi
	movl	$1, %eax
.LBB0_3:
	incq	%rdi
	movq	%rdi, %rdx
	addq	$8, %rsp
	popq	%rbx
	popq	%rbp
	retq

wasm.import:
	pushq	%rbp
	movq	%rsp, %rbp
	movq	%rdi, slack_safepoint(%rip)
	addq	$3, %rdi
	callq	*slack_context+1040(%rip)
	popq	%rbp
	retq

wasm.indirect:
	pushq	%rbp
	movq	%rsp, %rbp
	movq	%rdi, slack_safepoint(%rip)
	cmpl	%edx, slack_context+1032(%rip)
	jbe	.LBB2_4
	movq	slack_context+1024(%rip), %rax
	movl	%edx, %ecx
	movq	(%rax,%rcx,8), %rax
	addq	$4, %rdi
	testq	%rax, %rax
	je	.LBB2_5
	movabsq	$-6601375344935675729, %rcx
	cmpq	%rcx, 8(%rax)
	jne	.LBB2_6
	callq	*(%rax)
	popq	%rbp
	retq
.LBB2_4:
	addq	$4, %rdi
	movq	%rdi, slack_context(%rip)
	movl	$6, %edi
	movl	$3, %esi
	movl	$142, %edx
	callq	*slack_context+56(%rip)
	ud2
.LBB2_5:
	movq	%rdi, slack_context(%rip)
	movl	$7, %edi
	movl	$3, %esi
	movl	$142, %edx
	callq	*slack_context+56(%rip)
	ud2
.LBB2_6:
	movq	%rdi, slack_context(%rip)
	movl	$8, %edi
	movl	$3, %esi
	movl	$142, %edx
	callq	*slack_context+56(%rip)
	ud2

wasm.trap:
	pushq	%rbp
	movq	%rsp, %rbp
	incq	%rdi
	movq	%rdi, slack_context(%rip)
	xorl	%edi, %edi
	movl	$4, %esi
	movl	$148, %edx
	callq	*slack_context+56(%rip)
	ud2

wasm.host:
	pushq	%rbp
	movq	%rsp, %rbp
	callq	*slack_context+1040(%rip)
	popq	%rbp
	retq
