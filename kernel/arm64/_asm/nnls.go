package main

func nnls(p *program)  {}
func qp(p *program)    {}
func words(p *program) {}
