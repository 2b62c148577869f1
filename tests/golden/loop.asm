wasm.sum:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rbx
	movl	%esi, %ecx
	subl	$1, %ecx
	setb	%dl
	cmpl	$11, %ecx
	setb	%r8b
	xorl	%eax, %eax
	orb	%dl, %r8b
	jne	.LBB0_5
	incq	%rcx
	movq	%rcx, %r8
	andq	$-8, %r8
	leaq	(%r8,%r8,4), %rdx
	leaq	(%rdi,%rdx,2), %r9
	movl	%esi, %r10d
	subl	%r8d, %r10d
	leaq	10(%rdi), %rax
	pxor	%xmm0, %xmm0
	movdqa	.LCPI0_0(%rip), %xmm2
	movq	%r8, %r11
	pxor	%xmm1, %xmm1
.LBB0_2:
	movl	%esi, %ebx
	movd	slack_memory-3(%rbx), %xmm3
	movd	slack_memory-7(%rbx), %xmm4
	pshufb	%xmm2, %xmm3
	paddd	%xmm3, %xmm0
	pshufb	%xmm2, %xmm4
	paddd	%xmm4, %xmm1
	movq	%rax, slack_safepoint(%rip)
	addl	$-8, %esi
	addq	$80, %rax
	addq	$-8, %r11
	jne	.LBB0_2
	paddd	%xmm0, %xmm1
	pshufd	$238, %xmm1, %xmm0
	paddd	%xmm1, %xmm0
	pshufd	$85, %xmm0, %xmm1
	paddd	%xmm0, %xmm1
	movd	%xmm1, %eax
	cmpq	%r8, %rcx
	jne	.LBB0_4
	leaq	(%rdi,%rdx,2), %rdx
	addq	$-10, %rdx
	jmp	.LBB0_12
.LBB0_4:
	movq	%r9, %rdi
	movl	%r10d, %esi
.LBB0_5:
	leal	-1(%rsi), %ecx
	movl	%esi, %edx
	andl	$3, %edx
	je	.LBB0_6
.LBB0_7:
	addq	$10, %rdi
	movl	%esi, %r8d
	movzbl	slack_memory(%r8), %r8d
	addl	%r8d, %eax
	decl	%esi
	movq	%rdi, slack_safepoint(%rip)
	decl	%edx
	jne	.LBB0_7
	leaq	-10(%rdi), %rdx
	cmpl	$3, %ecx
	jb	.LBB0_12
	jmp	.LBB0_10
.LBB0_6:
	cmpl	$3, %ecx
	jb	.LBB0_12
.LBB0_10:
	addq	$-10, %rdi
	addl	$-3, %esi
	movq	%rdi, %rdx
.LBB0_11:
	leal	3(%rsi), %ecx
	leaq	20(%rdx), %rdi
	movzbl	slack_memory(%rcx), %ecx
	addl	%eax, %ecx
	leal	2(%rsi), %eax
	movq	%rdi, slack_safepoint(%rip)
	movzbl	slack_memory(%rax), %eax
	leal	1(%rsi), %edi
	movzbl	slack_memory(%rdi), %edi
	addl	%eax, %edi
	addl	%ecx, %edi
	movl	%esi, %eax
	movzbl	slack_memory(%rax), %eax
	addl	%edi, %eax
	addq	$40, %rdx
	addl	$-4, %esi
	cmpl	$-3, %esi
	jne	.LBB0_11
.LBB0_12:
	addq	$12, %rdx
	popq	%rbx
	popq	%rbp
	retq

wasm.endless:
	pushq	%rbp
	movq	%rsp, %rbp
	incq	%rdi
.LBB1_1:
	movq	%rdi, slack_safepoint(%rip)
	incq	%rdi
	jmp	.LBB1_1

wasm.once:
	pushq	%rbp
	movq	%rsp, %rbp
	movl	%esi, %eax
	leaq	2(%rdi), %rdx
	popq	%rbp
	retq
