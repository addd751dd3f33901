DROP TABLE equity;
