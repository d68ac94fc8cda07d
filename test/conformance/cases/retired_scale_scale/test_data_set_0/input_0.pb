Bx0J¯„>bXC>¦h¿ÖmN¿!Þ
¿