module github.com/tidelock/tidelock

go 1.26
