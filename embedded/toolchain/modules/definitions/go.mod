module embedded/definitions

go 1.26.0
