def area(r):
    return round(3.14159 * r * r, 2)
area(2)
