package main

func tensor(p *program) {}
func nnls(p *program)   {}
func qp(p *program)     {}
func words(p *program)  {}
