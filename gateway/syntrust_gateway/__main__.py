from syntrust_gateway.cli import main

main()
