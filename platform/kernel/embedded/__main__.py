import sys

from kernel.embedded.commands import main

sys.exit(main(sys.argv[1:]))
