"""``python -m masa_rag``: the command line, also where ``masa-rag`` is not on the path."""

from masa_rag.cli import main

if __name__ == "__main__":
    main()
