Daemons.main()
