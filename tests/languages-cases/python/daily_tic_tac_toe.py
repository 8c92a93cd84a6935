import itertools, functools
LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
def winner(b): return next((b[i] for i, j, k in LINES if b[i] != " " and b[i] == b[j] == b[k]), None)
@functools.cache
def best(board, player):
    if w := winner(board): return (1 if w == "X" else -1), None
    if " " not in board: return 0, None
    scores = [(best(board[:i] + player + board[i + 1:], "O" if player == "X" else "X")[0], -i) for i, c in enumerate(board) if c == " "]
    s, i = (max if player == "X" else min)(scores)
    return s, -i
board, player = "X   O    ", "X"
while winner(board) is None and " " in board:
    _, move = best(board, player); board = board[:move] + player + board[move + 1:]; player = "O" if player == "X" else "X"
print("\n-----\n".join("|".join(board[i:i + 3]) for i in (0, 3, 6)), winner(board))
