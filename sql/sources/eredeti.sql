-- What the EESZT knows the replaced item by: its own identifier, or of a new version the identifier and the version's number.
SELECT i.VALUE AS EREDETI
  FROM EESZT_V_ITEM n
  JOIN EESZT_IDENTIFIER i ON i.ITEM_ID = n.REPLACES
 WHERE n.ITEM_ID = :item_id AND i.NAME IN ('eeszt_id', 'valtozat') AND i.IS_SECOND = 0
